"""Training of Prosopon's networks: data, teachers, synthetic faces, models, loop and export."""
