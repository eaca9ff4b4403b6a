import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What goes wrong with one request; undefined when nothing does. */
export type Fault = { stallAfter: number } | { status: number };

export interface HttpSource {
  url: string;
  content: Buffer;
  etag: string | undefined;
  headers: Record<string, string>;
  ranges: boolean;
  /** One for each request to come. */
  faults: (Fault | undefined)[];
  requests: { range: string | undefined; ifRange: string | undefined; authorization: string | undefined }[];
  /** Bytes of bodies sent so far. */
  sent: number;
  /** Cuts the connections that stall. */
  cut: () => void;
  /** Called when a stalled response has sent what it sends. */
  onStall: () => void;
}

/** A web server on loopback with one file, whose faults the test chooses. */
export async function httpSource(t: TestContext, content: Buffer): Promise<HttpSource> {
  const source: HttpSource = {
    url: '',
    content,
    etag: '"v1"',
    headers: {},
    ranges: true,
    faults: [],
    requests: [],
    sent: 0,
    cut: () => undefined,
    onStall: () => undefined,
  };
  const server = createServer((request, response) => {
    answer(source, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  source.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.qcow2`;
  return source;
}

function answer(source: HttpSource, request: IncomingMessage, response: ServerResponse): void {
  const { range, authorization } = request.headers;
  const ifRange = request.headers['if-range'] as string | undefined;
  source.requests.push({ range, ifRange, authorization });
  const fault = source.faults.shift();
  if (fault !== undefined && 'status' in fault) {
    response.writeHead(fault.status).end('sorry');
    return;
  }
  const honoured = source.ranges && range !== undefined && (ifRange === undefined || ifRange === source.etag);
  const from = honoured ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
  const total = source.content.length;
  if (honoured && from >= total) {
    response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
    return;
  }
  const partial = honoured ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {};
  const etag = source.etag === undefined ? {} : { etag: source.etag };
  const length = { 'content-length': total - from };
  response.writeHead(honoured ? 206 : 200, { ...length, ...etag, ...partial, ...source.headers });
  send(source, response, source.content.subarray(from), fault);
}

function send(source: HttpSource, response: ServerResponse, body: Buffer, fault: Fault | undefined): void {
  const part = fault !== undefined && 'stallAfter' in fault ? body.subarray(0, fault.stallAfter) : body;
  source.sent += part.length;
  if (fault === undefined) {
    response.end(part);
    return;
  }
  source.cut = () => response.destroy();
  response.write(part, () => source.onStall());
}
