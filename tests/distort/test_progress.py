"""Where there is no terminal, long work says where it is, and short work says nothing."""

from distort import progress


def test_a_line_once_silence_has_lasted(monkeypatch, capsys):
    now = iter([0.0, 5.0, 20.0, 20.0, 21.0, 40.0, 40.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    with progress.progress() as begin:
        report = begin("digits")
        for done in range(4):
            report(f"{done} of 4: FT", done / 4)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["digits: 1 of 4: FT (25%)", "digits: 3 of 4: FT (75%)"]


def test_short_work_leaves_logs_clean(capsys):
    with progress.progress() as begin:
        begin("digits")("1 of 1", 1.0)
    assert capsys.readouterr().err == ""
