"""Fills the demo through the sites' own verbs: `people` first, then `talk`, each under its site's settings.

Nothing is written past a check. Keys are real, proofs are real, and the clock that is passed in only ever
goes forward. Who spoke is drawn at random; the secrets live in the memory of these processes and end with
them.
"""
