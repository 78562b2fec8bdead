"""Whether what one version's producers emit is understood by another version's consumers.

`decision` answers for one writer and one reader, `history` for all versions of a type. Soundness
comes first: "compatible" is said only when it is proved, "breaks" only with an instance that both
validators confirm, and everything else is undecided. Nothing here opens a socket.
"""
