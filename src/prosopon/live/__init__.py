"""The live view: a camera, or a file as if it were one, with what is measured drawn as it comes.

``newest.py`` captures, ``session.py`` measures and obeys keys, ``record.py`` keeps what is asked
for, ``panel.py`` draws, ``window.py`` and ``browser.py`` show.
"""
