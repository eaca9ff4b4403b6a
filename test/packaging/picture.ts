/**
 * Draws the dashboard's panels from what a Prometheus has, for docs/images: `picture.ts URL MINUTES FILE.png`.
 * It is no Grafana: where the panels are and what they ask is the dashboard's, how they look is close to it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { asked, dashboard, type Panel } from './dashboard.ts';

const WIDTH = 1400;
const COLUMN = WIDTH / 24;
const ROW = 30;
const COLORS = ['#73bf69', '#f2cc0c', '#5794f2', '#ff9830', '#b877d9', '#8ab8ff', '#f2495c', '#96d98d'];
const POINTS = 120;
const LEGEND = 4;

const answer = z.object({
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly legend: string;
  readonly values: readonly (readonly [at: number, value: number])[];
}

interface Span {
  readonly url: string;
  readonly end: number;
  readonly minutes: number;
}

async function seriesOf(panel: Panel, { url, end, minutes }: Span): Promise<Series[]> {
  const found = panel.targets.map(async ({ expr, legendFormat }) => {
    const step = (minutes * 60) / POINTS;
    const range = { start: String(end - minutes * 60), end: String(end), step: String(step) };
    const query = new URLSearchParams({
      query: asked(expr, '30s').replaceAll('[1h]', `[${minutes}m]`),
      ...range,
    });
    const response = await fetch(`${url}/api/v1/query_range?${query.toString()}`);
    const { data } = answer.parse(await response.json());
    return data.result.map(({ metric, values }) => ({
      labels: metric,
      legend: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
      values: values
        .map(([at, value]) => [at, Number(value)] as const)
        .filter(([, value]) => Number.isFinite(value)),
    }));
  });
  return (await Promise.all(found)).flat().filter(({ values }) => values.length > 0);
}

function format(value: number, unit: string): string {
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  if (unit === 'bytes') return `${Math.round(value / 2 ** 20)} MiB`;
  const short = String(Number(value.toPrecision(2)));
  return unit === 's' && value < 1
    ? `${String(Number((value * 1000).toPrecision(2)))} ms`
    : `${short}${unit === 's' ? ' s' : ''}`;
}

function drawn(panel: Panel, series: readonly Series[], { end, minutes }: Span): string {
  const { unit } = panel.fieldConfig.defaults;
  const last = (each: Series): number => each.values.at(-1)?.[1] ?? 0;
  if (series.length === 0) return '<p>No data</p>';
  if (panel.type === 'table') return table(series);
  if (panel.type !== 'timeseries')
    return `<b>${series.map((each) => format(last(each), unit)).join(' ')}</b>`;
  const [width, height] = [panel.gridPos.w * COLUMN - 90, panel.gridPos.h * ROW - 92];
  const points = series.flatMap(({ values }) => values);
  const [from, to] = [end - minutes * 60, end];
  const top = Math.max(...points.map(([, value]) => value), 1e-9) * 1.1;
  const lines = series.map(({ values }, index) => {
    const path = values
      .map(([at, value], place) => {
        const [x, y] = [((at - from) / (to - from)) * width, height - (value / top) * height];
        const isNext = at - (values[place - 1]?.[0] ?? 0) < (2.5 * (to - from)) / POINTS;
        return `${isNext ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join('');
    return `<path d="${path}" fill="none" stroke="${colorOf(index)}" stroke-width="1.5"/>`;
  });
  const grid = [0, 0.5, 1].map((part) => {
    const y = height - part * height;
    return `<line x1="0" x2="${width}" y1="${y}" y2="${y}" stroke="#2c3235"/><text x="-6" y="${y + 4}">${format((top / 1.1) * part, unit)}</text>`;
  });
  const times = [from, (from + to) / 2, to].map((at, index) => {
    const anchor = ['start', 'middle', 'end'][index];
    return `<text style="text-anchor:${anchor ?? ''}" x="${(index * width) / 2}" y="${height + 16}">${new Date(at * 1000).toISOString().slice(11, 16)}</text>`;
  });
  const shown = [...series].map((each, index) => ({ each, index })).slice(0, LEGEND);
  const more = series.length > LEGEND ? ` <i>and ${series.length - LEGEND} more</i>` : '';
  const legend = shown.map(
    ({ each, index }) => `<span style="color:${colorOf(index)}">&#9644;</span> ${escape(each.legend)} `,
  );
  return `<svg width="${width + 70}" height="${height + 26}"><g transform="translate(58,4)">${[...grid, ...lines, ...times].join('')}</g></svg><p>${legend.join('')}${more}</p>`;
}

function table(series: readonly Series[]): string {
  const columns = ['name', 'role', 'address', 'network', 'status', 'reason'];
  const newest = Math.max(...series.flatMap(({ values }) => values.map(([at]) => at)));
  const rows = series
    .filter(({ values }) => values.at(-1)?.[0] === newest)
    .sort((a, b) => (a.labels['name'] ?? '').localeCompare(b.labels['name'] ?? ''))
    .map(
      ({ labels }) =>
        `<tr>${columns.map((label) => `<td>${escape(labels[label] ?? '')}</td>`).join('')}</tr>`,
    );
  const heads = ['Node', 'Role', 'Address', 'Network', 'Ready', 'Reason'].map((each) => `<th>${each}</th>`);
  return `<table><tr>${heads.join('')}</tr>${rows.join('')}</table>`;
}

function colorOf(index: number): string {
  return COLORS[index % COLORS.length] ?? '';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `body{margin:0;background:#111217;color:#ccccdc;font:13px sans-serif;position:relative}
section{position:absolute;box-sizing:border-box;background:#181b1f;border:1px solid #25282d;border-radius:3px;padding:6px 10px;overflow:hidden}
h2{font-size:13px;font-weight:500;margin:0 0 6px}b{display:block;text-align:center;font-size:34px;font-weight:500;color:#73bf69;padding-top:12px}
text{fill:#8e8e9c;font-size:11px;text-anchor:end}p{margin:2px 0;font-size:11px;line-height:1.25}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:4px 6px;border-bottom:1px solid #25282d;font-weight:400}th{color:#6e9fff}`;

async function main(): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const [url = 'http://127.0.0.1:9090', minutes = '15', file = 'dashboard.png', at] = positionals;
  const end = at === undefined ? Date.now() / 1000 : Number(at);
  const sections = await Promise.all(
    dashboard.panels.map(async (panel) => {
      const { x, y, w, h } = panel.gridPos;
      const place = `left:${x * COLUMN + 4}px;top:${y * ROW + 4}px;width:${w * COLUMN - 6}px;height:${h * ROW - 6}px`;
      const span = { url, end, minutes: Number(minutes) };
      const content = drawn(panel, await seriesOf(panel, span), span);
      return `<section style="${place}"><h2>${escape(panel.title)}</h2>${content}</section>`;
    }),
  );
  const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h)) * ROW + 6;
  const dir = mkdtempSync(join(tmpdir(), 'k8slab-picture-'));
  const page = join(dir, 'page.html');
  writeFileSync(page, `<meta charset="utf-8"><style>${STYLE}</style><body>${sections.join('')}</body>`);
  const options = ['--headless', '--no-sandbox', '--hide-scrollbars', `--window-size=${WIDTH},${height}`];
  const { status, stderr } = spawnSync('chromium', [...options, `--screenshot=${file}`, `file://${page}`]);
  rmSync(dir, { recursive: true });
  if (status !== 0) throw new Error(`cannot draw ${file}: ${stderr.toString()}`);
}

await main();
