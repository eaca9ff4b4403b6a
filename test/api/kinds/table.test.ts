import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../../src/api/conditions.ts';
import { nodeSpec } from '../../../src/api/node/spec.ts';
import { API_VERSION, type ApiObject, type Kind } from '../../../src/api/meta.ts';
import type { Column } from '../../../src/api/kinds/columns.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { renderTable, type Table } from '../../../src/api/kinds/table.ts';

const CREATED = '2026-01-01T00:00:00Z';
const NOW = Date.parse(CREATED) + 90_000;

function object(
  kind: Kind,
  spec: unknown,
  status: object,
  conditions: ApiObject['status']['conditions'] = [],
): ApiObject {
  const metadata = { name: 'x', uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: CREATED };
  return { apiVersion: API_VERSION, kind, metadata, spec, status: { ...status, conditions } };
}

const spec = nodeSpec.parse({ role: 'master', disk: { image: 'i' }, networks: [{ network: 'n' }] });

/** Column -> cell of the first row. */
function cells(table: Table): Record<string, string> {
  const row = table.rows[0]?.cells ?? [];
  return Object.fromEntries(table.columnDefinitions.map(({ name }, index) => [name, row[index] ?? '?']));
}

function columns(kind: Kind, priority: number): string[] {
  const { columnDefinitions } = renderTable(KINDS.get(kind), [], NOW);
  return columnDefinitions.filter((column) => column.priority === priority).map(({ name }) => name);
}

describe('a table', () => {
  it('is what kubectl takes from a server: meta.k8s.io/v1, with the metadata of the object in each row', () => {
    const node = object('Node', spec, {});
    const table = renderTable(KINDS.get('Node'), [node], NOW);

    assert.deepEqual([table.kind, table.apiVersion], ['Table', 'meta.k8s.io/v1']);
    assert.deepEqual(table.rows[0]?.object, {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: node.metadata,
    });
    for (const { cells: row } of table.rows) assert.equal(row.length, table.columnDefinitions.length);
  });

  it('shows name, readiness, why, and age of every kind; details are for -o wide', () => {
    for (const kind of ['Network', 'Image', 'Node', 'Vmhost'] as const) {
      const shown = columns(kind, 0);
      for (const name of ['Name', 'Ready', 'Status', 'Age'])
        assert.ok(shown.includes(name), `${kind} ${name}`);
      assert.ok(columns(kind, 1).includes('Message'), kind);
    }
  });

  it('makes the row of an object once, and only its age moves on', () => {
    const kind = KINDS.get('Node');
    let made = 0;
    const counted: Column<ApiObject> = { name: 'Made', cell: () => `${(made += 1)}` };
    const definition = { columns: [...(kind.columns as Column<ApiObject>[]), counted] };
    const node = object('Node', spec, {});

    const first = cells(renderTable(definition, [node], Date.parse(CREATED) + 5_000));
    const later = cells(renderTable(definition, [node], Date.parse(CREATED) + 65_000));

    assert.deepEqual([first['Age'], later['Age']], ['5s', '65s']);
    assert.deepEqual({ ...later, Age: '' }, { ...first, Age: '' });
    assert.equal(made, 1);
  });

  it('U5: shows beside Ready what is pending, and what a running guest has beside what it shall have', () => {
    const found = ['Ready', 'RestartRequired', 'CloudInitDrifted', 'Defined'].map((type) => {
      return { ...condition(type, 'True', type === 'Ready' ? 'Ready' : 'x'), lastTransitionTime: CREATED };
    });

    const row = cells(
      renderTable(KINDS.get('Node'), [object('Node', spec, { cpus: 3, memory: 1024 }, found)], NOW),
    );

    assert.deepEqual(
      [row['Status'], row['CPUs'], row['Memory']],
      ['Ready,RestartRequired,CloudInitDrifted', '3->1', '1Gi'],
    );
    const told = found.map((each) =>
      each.type === 'CloudInitDrifted' ? { ...each, message: 'do it' } : each,
    );
    assert.equal(
      cells(renderTable(KINDS.get('Node'), [object('Node', spec, {}, told)], NOW))['Message'],
      'do it',
    );
  });

  it('of a Node says what a person asks for', () => {
    const ready = { ...condition('Ready', 'False', 'NoLease', 'no lease yet'), lastTransitionTime: CREATED };
    const status = {
      address: '192.168.111.150',
      mac: '52:54:00:5e:53:fb',
      domainType: 'qemu',
      podCIDR: '10.200.0.0/24',
    };

    const row = cells(renderTable(KINDS.get('Node'), [object('Node', spec, status, [ready])], NOW));

    assert.deepEqual(row, {
      Name: 'x',
      Role: 'master',
      Address: '192.168.111.150',
      Vmhost: '<none>',
      MAC: '52:54:00:5e:53:fb',
      CPUs: '1',
      Memory: '1Gi',
      'Pod-CIDR': '10.200.0.0/24',
      Type: 'qemu',
      Ready: 'False',
      Status: 'NoLease',
      Age: '90s',
      Message: 'no lease yet',
    });
  });

  it('says when an object is being removed, and when that is held', () => {
    const at = (conditions: ApiObject['status']['conditions'], more = {}): string | undefined => {
      const node = object('Node', spec, {}, conditions);
      const metadata = { ...node.metadata, ...more };
      return cells(renderTable(KINDS.get('Node'), [{ ...node, metadata }], NOW))['Status'];
    };
    const stamp = { lastTransitionTime: CREATED };
    const ready = { ...condition('Ready', 'True', 'Ready'), ...stamp };
    const held = { ...condition('RemovalHeld', 'True', 'TooManyAtOnce'), ...stamp };

    assert.equal(at([ready], { deletionTimestamp: CREATED }), 'Terminating');
    assert.equal(at([ready, held]), 'Ready,RemovalHeld');
    assert.equal(at([{ ...ready, reason: 'RemovalHeld' }, held]), 'RemovalHeld');
  });

  it('R10, C7: says what keeps an object that works from what its manifest asks for', () => {
    const stamp = { lastTransitionTime: CREATED };
    const ready = { ...condition('Ready', 'True', 'Ready', 'as before'), ...stamp };
    const held = { ...condition('Synced', 'False', 'Conflict', 'b has that address too'), ...stamp };
    const shown = [
      [ready, held],
      [{ ...ready, status: 'False' as const, reason: 'Unreachable' }, held],
      [ready, { ...held, status: 'True' as const }],
    ].map((conditions) => {
      const row = cells(renderTable(KINDS.get('Node'), [object('Node', spec, {}, conditions)], NOW));
      return `${row['Status']}: ${row['Message']}`;
    });

    assert.deepEqual(shown, [
      'Ready,Conflict: b has that address too',
      'Unreachable: as before',
      'Ready: as before',
    ]);
  });

  it('of objects nobody has looked at yet has a word in every cell', () => {
    const roleless = nodeSpec.parse({ disk: { image: 'i' }, networks: [{ network: 'n' }] });
    const fresh: ApiObject[] = [
      object('Node', roleless, {}),
      object('Network', { cidr: '10.0.0.0/24' }, {}),
      object('Image', { source: '/i' }, {}),
      object('Vmhost', {}, {}),
    ];

    for (const each of fresh) {
      const row = cells(renderTable(KINDS.get(each.kind), [each], NOW));
      for (const [name, cell] of Object.entries(row)) assert.notEqual(cell, '', `${each.kind} ${name}`);
      assert.deepEqual([row['Ready'], row['Status']], ['Unknown', 'Pending']);
    }
  });

  it('of an Image says its size as a quantity, of a Network how many Nodes it serves', () => {
    const image = object('Image', {}, { virtualSize: 8 * 1024 ** 3, sha256: 'a'.repeat(64) });
    const network = object('Network', { cidr: 'c' }, { entries: [{}, {}] });

    assert.equal(cells(renderTable(KINDS.get('Image'), [image], NOW))['Size'], '8Gi');
    assert.equal(cells(renderTable(KINDS.get('Image'), [image], NOW))['SHA256'], 'a'.repeat(12));
    assert.equal(cells(renderTable(KINDS.get('Network'), [network], NOW))['Nodes'], '2');
  });
});
