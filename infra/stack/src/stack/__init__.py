"""The whole Broadcaster on this machine: what ``make run`` starts and ``make stop`` ends."""
