// A front end of others at an origin of its own, with TLS as any: one page, its script and the library that it uses.

import { readFile } from "node:fs/promises";
import { createServer } from "node:https";

const PAGE = `<!doctype html><html lang="vi"><meta charset="utf-8"><title>Ứng dụng điều hành</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": {"oauth4webapi": "/library.js"}}</script><script type="module" src="/app.js"></script>
<h1>Ứng dụng điều hành</h1><button id="in">Đăng nhập</button> <button id="again">Làm mới</button> <button id="out">Thoát</button>
<p id="told" role="status"></p>`;

/** Listens on this machine until the process ends, with what `tls` holds: `key.pem` and `certificate.pem`. */
export async function serve(origin: string, tls: string, settings: { issuer: string; client: string }): Promise<void> {
  const file = (path: string) => readFile(new URL(path, import.meta.url), "utf8");
  const script = "text/javascript; charset=utf-8";
  const files: Record<string, [string, string]> = {
    "/": ["text/html; charset=utf-8", PAGE],
    "/app.js": [script, await file("app.js")],
    "/library.js": [script, await file("../node_modules/oauth4webapi/build/index.js")],
    "/settings.json": ["application/json", JSON.stringify(settings)],
    "/frame": ["text/html; charset=utf-8", `<!doctype html><title>Khung</title><iframe src="${settings.issuer}/account/sign-in"></iframe>`],
  };
  const identity = { key: await readFile(`${tls}/key.pem`), cert: await readFile(`${tls}/certificate.pem`) };
  const server = createServer(identity, (request, response) => {
    const found = files[new URL(request.url ?? "/", origin).pathname];
    if (found) response.writeHead(200, { "content-type": found[0] }).end(found[1]);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(Number(new URL(origin).port), "127.0.0.1", listening));
  server.unref();
}
