"""OpenFace 3.0's three networks, rebuilt so that its published checkpoints load: for conversion.

Hu, Mathur, Liang & Morency, "OpenFace 3.0: A Lightweight Multitask System for Comprehensive Facial
Behavior Analysis", FG 2025. Parameter names and shapes are those of the published files; nothing
here comes with weights.
"""
