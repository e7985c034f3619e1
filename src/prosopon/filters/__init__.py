"""Corrections of whole tables: FaceTable to FaceTable, with the raw values kept beside."""
