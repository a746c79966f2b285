"""The parts of a run being sent: what waits, who carries it, what is written down.

``desk`` is what a run is sent with; ``queue`` holds what is claimed; a ``carrier`` gives
one connection its messages; the ``bookkeeper`` commits outcomes and marks in groups;
``settling`` says where an attempt leaves its delivery. ``flows.sending.send`` tells the story.
"""
