"""The technical chassis that both services stand on: server, raw WebSocket writes, logs, probes.

It knows nothing of events, cursors or contracts. Services use it from their ``infra`` and ``main``
layers only (import-linter holds that); see docs/adr for why it is a package of its own.
"""
