"""Mail that comes back: whose message it was, what became of it, and why.

``parse`` reads one mail. ``mail`` opens it, ``dsn`` and ``prose`` find what is said of each
recipient, ``reasons`` says what the words mean, ``policy`` what follows from them.
"""
