import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ShownLab } from './shown-lab.ts';
import { freePort } from '../free-port.ts';

/** A real Prometheus on loopback that scrapes a lab. */
export interface Prometheus {
  readonly url: string;
  /** The value of each series that a query finds now; those that are no number are left out. */
  query(expr: string): Promise<number[]>;
  stop(): Promise<void>;
}

const SCRAPES = 5;
const UP_MS = 60_000;

const answer = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

export const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;

/** Resolves once the lab was scraped a few times; it takes a step with each. */
export async function startPrometheus(lab: ShownLab): Promise<Prometheus> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-prometheus-'));
  let scrapes = 0;
  const server = createServer((_request, response) => {
    scrapes += 1;
    lab.step();
    void lab.metrics
      .text()
      .then((text) => response.setHeader('content-type', lab.metrics.contentType).end(text));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const port = await freePort();
  await writeFile(join(dir, 'prometheus.yaml'), configOf(target));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${dir}/prometheus.yaml`,
      `--storage.tsdb.path=${dir}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  async function stop(): Promise<void> {
    child.kill('SIGKILL');
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  }
  const deadline = Date.now() + UP_MS;
  while (scrapes < SCRAPES) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`Prometheus has scraped ${scrapes} times`);
    }
    await sleep(100);
  }
  return { url, query: (expr) => query(url, expr), stop };
}

function configOf(target: string): string {
  return JSON.stringify({
    global: { scrape_interval: '500ms' },
    scrape_configs: [{ job_name: 'k8slab', static_configs: [{ targets: [target] }] }],
  });
}

async function query(url: string, expr: string): Promise<number[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`cannot query ${expr}: ${text}`);
  const { data } = answer.parse(JSON.parse(text));
  return data.result.map(({ value }) => Number(value[1])).filter((value) => !Number.isNaN(value));
}
