"""One self-contained page that shows a table: video, overlay, timelines, events, summaries.

``data.report_data`` turns a table into a JSON-ready dict; ``static/`` holds the scripts and the
style that draw it (``mountReport(element, data)``); ``page.py`` puts both into one HTML file.
"""
