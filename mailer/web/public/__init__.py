"""The pages that readers see, on the public listener."""
