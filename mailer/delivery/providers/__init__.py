"""What mail providers report by webhook: whether it is theirs, and what it says."""
