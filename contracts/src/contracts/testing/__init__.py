"""What other teams' tests stand on: judging what is produced, golden events, message pacts.

`contracts.pytest_plugin` makes fixtures of these; they work without pytest too.
"""
