"""A full disk: refused with a named error, nothing acknowledged is lost, and it resumes alone when there is space."""
import os
import subprocess
import time
import unittest

from weir_process import WeirTest, run, wait_until


class DiskFull(WeirTest):
    def setUp(self):
        super().setUp()
        self.data.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(self.data)], capture_output=True).returncode == 0
        if not mounted:
            self.skipTest("needs the right to mount a small file system")
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(self.data)], check=False))

    def test_refuses_by_name_and_resumes(self):
        server = self.server()
        record = {"UserId": "u", "Device": "d" * 60_000, "Event": "P1", "EventType": "Promotion", "Timestamp": int(time.time() * 1000)}
        acknowledged = 0

        def put():
            nonlocal acknowledged
            status, answer = server.put("ClickStream", [record] * 20)
            if status == 200:
                acknowledged += answer["accepted"]
            return status, answer

        ballast = self.data / "ballast"
        with open(ballast, "wb") as file:
            file.truncate(0)
            free = os.statvfs(self.data)
            os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_frsize - (120 << 20)))
        refused = wait_until("a refusal", lambda: next((r for r in [put()] if r[0] != 200), None))
        print(refused)
        self.assertEqual(refused[0], 503)
        self.assertIn("disk", refused[1])
        ballast.unlink()
        wait_until("accepted again without a restart", lambda: put()[0] == 200)
        wait_until("all counted", lambda: sum(int(r["clicks"]) for r in server.query(
            "SELECT clicks FROM view_clicks_aggregate")) == acknowledged)
        print(f"{acknowledged} acknowledged, all counted")
        self.assertEqual(server.stop(), 0)
        run("verify", "--data", self.data)


if __name__ == "__main__":
    unittest.main()
