"""Random cascades against numpy: interpreted, before and after each pass, and compiled.

    python -m random_cascades --cases 100000 --seed 7       (in test/python, under ./dev exec)
"""
