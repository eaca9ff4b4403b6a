import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planNode } from '../../../src/api/node/plan.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { definitionHash, type DesiredDefinition } from '../../../src/api/node/render-domain-over.ts';
import { definition, desired, guest } from './bed.ts';

const CPU = '<topology sockets="1" cores="1" threads="1"/>';
const NUMA = '<numa><cell id="0" cpus="0" memory="524288" unit="KiB"/></numa>';

/** The fixture's guest, of others or not, with these parts in it. */
function having(parts: { cpu?: string; top?: string; device?: string }, mark = 'adopted="yes"') {
  const { cpu = '', top = '', device = '' } = parts;
  return guest('shutoff', (xml) =>
    xml
      .replace('kind="Node"', `kind="Node" reclaim="Retain" applied="${definitionHash(definition)}" ${mark}`)
      .replace(/<cpu [^]*?(\/>|<\/cpu>)/, `<cpu mode="host-model">${cpu}</cpu>`)
      .replace('<os>', `${top}<os>`)
      .replace('<devices>', `<devices>${device}`),
  );
}

function plan(
  wanted: Partial<DesiredDefinition>,
  observed: ReturnType<typeof guest>,
): [string[], string | undefined] {
  const wants = { ...desired, definition: { ...definition, ...wanted } };
  const { actions, pending = [] } = planNode(wants, observed);
  const fields = actions.flatMap((action) => {
    if (action.type !== 'DefineDomain' || action.xml === undefined) return [];
    const { cpus, memory } = parseDomain(action.xml).model;
    return [`${cpus.count} cpus ${memory} MiB`];
  });
  return [fields, pending.find(({ type }) => type === 'FieldRefused')?.message];
}

describe('a definition with parts of others', () => {
  const cases = [
    [
      '<topology>',
      { cpu: CPU },
      { cpus: 2 },
      /^cpus stays 1, since the definition has <topology>;.*virsh edit/,
    ],
    ['<numa>', { cpu: NUMA }, { cpus: 2 }, /<numa>/],
    ['<vcpus>', { top: '<vcpus><vcpu id="0" enabled="yes"/></vcpus>' }, { cpus: 2 }, /<vcpus>/],
    ['<numa>', { cpu: NUMA }, { memory: 2 ** 30 }, /^memory stays 512Mi, since the definition has <numa>/],
    [
      '<maxMemory>',
      { top: '<maxMemory slots="2" unit="KiB">1048576</maxMemory>' },
      { memory: 2 ** 30 },
      /maxM/,
    ],
    ['a <memory> device', { device: '<memory model="dimm"/>' }, { memory: 2 ** 30 }, /a <memory> device/],
  ] as const;
  for (const [part, parts, wanted, message] of cases) {
    it(`R28: keeps ${Object.keys(wanted).join()} as ${part} says, which libvirt would refuse to contradict`, () => {
      for (const mark of ['adopted="yes"', '']) {
        const [fields, refusal] = plan(wanted, having(parts, mark));

        assert.match(refusal ?? '', message);
        assert.ok(!fields.some((text) => !text.startsWith('1 cpus 512 MiB')), fields.join());
      }
    });
  }

  it('follows in all that does not contradict them', () => {
    const [fields, refusal] = plan({ memory: 2 ** 30 }, having({ cpu: CPU }));

    assert.deepEqual([fields, refusal], [['1 cpus 1024 MiB'], undefined]);
  });

  it('waits for no restart for what it refuses', () => {
    const observed = having({ cpu: CPU });
    assert.ok(observed.domain);
    const { config } = observed.domain;
    const running = {
      ...observed,
      domain: { ...observed.domain, state: 'running' as const, live: config.model },
    };
    const wants = { ...desired, definition: { ...definition, cpus: 2 } };

    assert.deepEqual(
      planNode(wants, running).pending?.map(({ type }) => type),
      ['FieldRefused'],
    );
  });
});
