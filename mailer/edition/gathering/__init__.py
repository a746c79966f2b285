"""Features filled from material: chosen, written as Markdown, refreshed with care."""
