"""A real registry on loopback, filled with the starter model under other names."""

import hashlib
import http.server
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STARTER = os.path.join(ROOT, "build", "share", "weightroom")
APACHE = b"Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n"


def other_starter(called="Pulled small model"):
    """The starter's bytes with another name in their header, so that the library does not have them yet."""
    name = next(n for n in os.listdir(STARTER) if n.endswith(".gguf"))
    with open(os.path.join(STARTER, name), "rb") as file:
        data = bytearray(file.read())
    at = data.index(b"general.name") + len(b"general.name") + 4  # after the key comes the type of its value
    size = int.from_bytes(data[at:at + 8], "little")
    data[at + 8:at + 8 + size] = called.encode()[:size].ljust(size, b" ")
    return bytes(data)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    """Debian's docker-registry behind a proxy that counts, and can be slow."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.behind = f"127.0.0.1:{free_port()}"
        config = os.path.join(folder, "config.yml")
        with open(config, "w") as file:
            file.write(f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '{self.behind}'}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://{self.behind}/v2/", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        self._sent, self._rate = 0, 0
        self._lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.handle_error = lambda *_: None  # a download that is stopped resets its connections
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def sent(self):
        """Bytes of bodies that went out."""
        return self._sent

    def limit(self, bytes_per_second):
        self._rate = bytes_per_second

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.process.terminate()
        self.process.wait()

    def push(self, repository, tag, weights):
        """Puts a model in, as Ollama's client does, and gives its reference."""
        kind = "application/vnd.ollama.image."
        layers = [self._blob(repository, kind + "model", weights), self._blob(repository, kind + "license", APACHE)]
        config = self._blob(repository, "application/vnd.docker.container.image.v1+json",
                            json.dumps({"model_format": "gguf", "model_family": "llama", "file_type": "Q4_1"}).encode())
        media = "application/vnd.docker.distribution.manifest.v2+json"
        body = json.dumps({"schemaVersion": 2, "mediaType": media, "config": config, "layers": layers}).encode()
        self._send("PUT", f"http://{self.behind}/v2/{repository}/manifests/{tag}", body, media)
        return f"{self.host}/{repository}:{tag}"

    def _blob(self, repository, media, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        place = self._send("POST", f"http://{self.behind}/v2/{repository}/blobs/uploads/", b"", "").headers["Location"]
        join = "&" if "?" in place else "?"
        self._send("PUT", f"{place}{join}digest={digest}", data, "application/octet-stream")
        return {"mediaType": media, "digest": digest, "size": len(data)}

    @staticmethod
    def _send(method, url, body, media):
        return urllib.request.urlopen(urllib.request.Request(url, data=body, method=method, headers={"Content-Type": media}), timeout=60)

    def _handler(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                wanted = {k: v for k, v in self.headers.items() if k.lower() in ("range", "if-range", "accept", "authorization")}
                request = urllib.request.Request(f"http://{registry.behind}{self.path}", headers=wanted, method=self.command)
                try:
                    answer = urllib.request.urlopen(request, timeout=60)
                except urllib.error.HTTPError as refusal:
                    answer = refusal
                with answer:
                    self.send_response(answer.status)
                    for key, value in answer.headers.items():
                        if key.lower() not in ("connection", "transfer-encoding", "date", "server"):
                            self.send_header(key, value)
                    self.end_headers()
                    while self.command == "GET" and (chunk := answer.read(64 << 10)):
                        try:
                            self.wfile.write(chunk)
                        except OSError:
                            self.close_connection = True
                            return
                        with registry._lock:
                            registry._sent += len(chunk)
                            if registry._rate:
                                time.sleep(len(chunk) / registry._rate)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        return Handler
