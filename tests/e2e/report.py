"""report.py - a line of TAP, without its number, for each thing that is compared; tap.sh numbers them."""


class Report:
    def __init__(self):
        self.failed = 0

    def check(self, condition, name, *details):
        print("ok" if condition else "not ok", "-", name)
        if not condition:
            self.failed += 1
            for detail in details:
                print("#  ", detail)
