"""``mailer run``: the process that an operator leaves alone. Begin with ``life``."""
