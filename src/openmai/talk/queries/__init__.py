"""Reads. Each page costs a constant number of statements, whatever the size of a thread and the place in
it.
"""
