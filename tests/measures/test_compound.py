import numpy as np

from prosopon.measures.compound import NAMES, scores
from prosopon.types import FaceTable
from tables import EMOTIONS, SCHEMA, UNITS


def face(emotions, units):
    data = {column.name: column.empty(1) for column in SCHEMA}
    data["emotion"][:] = [emotions.get(name, 0.0) for name in EMOTIONS]
    data["au_presence"][:] = [float(unit in units) for unit in UNITS]
    return FaceTable(SCHEMA, data)


def test_the_compound_whose_parts_are_there_leads():
    table = face({"happiness": 0.6, "surprise": 0.4}, {"AU01", "AU02", "AU12", "AU25"})
    found = scores(table)[0]
    assert NAMES[found.argmax()] == "happily_surprised"
    assert found.sum() == np.float32(1)


def test_units_tell_apart_compounds_of_the_same_expressions():
    both = {"sadness": 0.5, "anger": 0.5}
    sad = scores(face(both, {"AU04", "AU15"}))[0, NAMES.index("sadly_angry")]
    disgusted = scores(face(both, {"AU09", "AU10"}))[0, NAMES.index("sadly_angry")]
    assert sad > disgusted


def test_what_was_not_measured_stays_empty():
    table = face({}, set())
    table["emotion"][:] = np.nan
    assert np.isnan(scores(table)).all()
