"""Behaviour over a table: events, per-frame measures and a summary a person.

Each module is one measure and takes a ``FaceTable``, whether it was just measured or read back.
"""
