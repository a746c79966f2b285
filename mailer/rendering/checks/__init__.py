"""What an editor should know before sending: one module per group of rules.

A check returns findings with a stable rule id; errors block sending, warnings can be
ignored by an edition that knows better (``checks: {ignore: [rule-id]}``).
"""
