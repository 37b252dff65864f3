"""Box files of other tools, as rows of MOTChallenge's format, which `mot.py` reads.

| given | tool | file |
|---|---|---|
| a folder of texts | ultralytics' `save_txt` | `ultralytics.py` |
| `.json` | COCO with track ids | `coco.py` |
| `.xml` | CVAT for video 1.1 | `cvat.py` |

Everything else is taken for MOTChallenge's text.
"""
