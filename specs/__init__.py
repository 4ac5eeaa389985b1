"""What is promised: the executable requirement list.

``scenarios`` holds stories in TOML, run against the real controller by ``detent scenario``: the five that began this
project, and the fine print of the selection rules, one story a rule. Files named ``bad-…`` must fail.
"""
