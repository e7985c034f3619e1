"""A web application and HTTP service over the same analysis as the command line (extra ``server``).

``settings`` what may be asked for · ``media`` what an upload is · ``receive`` uploads as they
arrive · ``store`` the queue · ``worker`` the process that analyses · ``service`` both together ·
``pictures`` and ``live`` answer at once · ``guard`` who may ask · ``routes`` the API, by
resource · ``app`` all together.
"""
