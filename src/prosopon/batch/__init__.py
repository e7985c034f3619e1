"""Corpora: thousands of inputs on one machine or many, interrupted or not."""
