"""OpenFace 2.2's tables and commands (Baltrušaitis, Zadeh, Lim & Morency, FG 2018)."""
