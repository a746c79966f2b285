"""Commands about readers: who reads what, what they chose and said, what came back."""
