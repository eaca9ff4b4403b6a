import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorLines } from './samples.ts';

/** A Node, one field a line; `lines` replace the line of the same key and are appended otherwise. */
function node(...lines: readonly string[]): string {
  const spec = ['disk: {image: debian}', 'networks: [{network: k8s-net}]'];
  const rest = lines.filter((line) => !line.startsWith('disk') && !line.startsWith('networks'));
  const replaced = spec.map((own) => lines.find((line) => line.split(':')[0] === own.split(':')[0]) ?? own);
  const body = [...replaced, ...rest].map((line) => `  ${line}`);
  return ['apiVersion: k8slab.io/v1alpha1', 'kind: Node', 'metadata: {name: a}', 'spec:', ...body].join('\n');
}

describe('the error of a field', () => {
  const cases = [
    {
      reason: 'an unknown field stands at its key and names the nearest one',
      text: node('memroy: 1Gi'),
      lines: ['7:3: spec.memroy: unknown field "memroy" (did you mean "memory"?)'],
    },
    {
      reason: 'an unknown field within a list',
      text: node('networks: [{network: k8s-net, adress: 10.0.0.1}]'),
      lines: ['6:33: spec.networks[0].adress: unknown field "adress" (did you mean "address"?)'],
    },
    {
      reason: 'R1: an annotation of the daemon itself, whichever it is',
      text: node().replace(
        '{name: a}',
        '{name: a, annotations: {k8slab.io/orphan: "true", a.k8slab.io/b: c, k8slab.io: d}}',
      ),
      lines: [
        '3:35: metadata.annotations["k8slab.io/orphan"]: k8slab.io/ is reserved for k8slab itself: leave it out',
        '3:61: metadata.annotations["a.k8slab.io/b"]: k8slab.io/ is reserved for k8slab itself: leave it out',
      ],
    },
    {
      reason: 'a field of the wrong case',
      text: node('Memory: 1Gi'),
      lines: ['7:3: spec.Memory: unknown field "Memory" (did you mean "memory"?)'],
    },
    {
      reason: 'a field that belongs elsewhere',
      text: `memory: 1Gi\n${node()}`,
      lines: ['1:1: memory: unknown field "memory" ("memory" belongs at spec.memory)'],
    },
    {
      reason: 'a slip of one letter is a slip, though another place has that word',
      text: node('network: k8s-net'),
      lines: ['7:3: spec.network: unknown field "network" (did you mean "networks"?)'],
    },
    {
      reason: 'errors come in the order of the file',
      text: `memory: 1Gi\n${node('cpus: 0')}`,
      lines: [
        '1:1: memory: unknown field "memory" ("memory" belongs at spec.memory)',
        '8:9: spec.cpus: must be at least 1, found the number 0',
      ],
    },
    {
      reason: 'a field that belongs to several places',
      text: node('path: /x'),
      lines: [
        '7:3: spec.path: unknown field "path" ("path" belongs at spec.disk.path or spec.cloudInit.files[].path)',
      ],
    },
    {
      reason: 'a field like no other',
      text: node('disk: {image: debian, colour: red}'),
      lines: [
        '5:25: spec.disk.colour: unknown field "colour" (known here: size, image, cloneOf, path, format)',
      ],
    },
    {
      reason: 'each unknown field has its own error',
      text: node('disk: {image: debian, a: 1, b: 2}'),
      lines: [
        '5:25: spec.disk.a: unknown field "a" (known here: size, image, cloneOf, path, format)',
        '5:31: spec.disk.b: unknown field "b" (known here: size, image, cloneOf, path, format)',
      ],
    },
    {
      reason: 'a namespace',
      text: node().replace('{name: a}', '{name: a, namespace: x}'),
      lines: [
        '3:21: metadata.namespace: unknown field "namespace" (objects have no namespace: leave it out)',
      ],
    },
    {
      reason: 'a merge key',
      text: node('<<: {cpus: 1}'),
      lines: ['7:3: spec.<<: unknown field "<<" (YAML 1.2 has no merge keys: repeat the fields)'],
    },
    {
      reason: 'a missing field stands at its parent',
      text: node('networks: [{address: 10.0.0.9}]').replace(/ {2}disk.*\n/, ''),
      lines: [
        '4:1: spec.disk: required field is missing',
        '5:14: spec.networks[0].network: required field is missing',
      ],
    },
    {
      reason: 'missing at the top',
      text: 'kind: Node\nspec: {disk: {image: a}, networks: [{network: b}]}',
      lines: ['1:1: apiVersion: required field is missing', '1:1: metadata: required field is missing'],
    },
    {
      reason: 'a number where a string is wanted is shown as it is written',
      text: node('role: 0777'),
      lines: ['7:9: spec.role: expected a string, found the number 0777 (write it in quotes: "0777")'],
    },
    {
      reason: 'a format of a disk that k8slab makes',
      text: node('disk: {image: debian, format: raw}'),
      lines: [
        '5:33: spec.disk.format: only an existing disk file has a format of its own (leave format out)',
      ],
    },
    {
      reason: 'a file mode',
      text: node('cloudInit: {files: [{path: /x, content: y, permissions: 0644}]}'),
      lines: [
        '7:59: spec.cloudInit.files[0].permissions: must be a quoted octal mode such as "0644", found the number 0644',
      ],
    },
    {
      reason: 'a quantity without a unit is not one to be quoted',
      text: node('memory: 16'),
      lines: ['7:11: spec.memory: must be a quantity of bytes such as 16Gi or 512Mi, found the number 16'],
    },
    {
      reason: 'a number in quotes',
      text: node('cpus: "2"'),
      lines: ['7:9: spec.cpus: expected a number, found "2" (write it without quotes)'],
    },
    {
      reason: 'half a CPU',
      text: node('cpus: 0.5'),
      lines: ['7:9: spec.cpus: expected a whole number, found the number 0.5'],
    },
    {
      reason: 'too few',
      text: node('cpus: 0'),
      lines: ['7:9: spec.cpus: must be at least 1, found the number 0'],
    },
    {
      reason: 'an empty list',
      text: node('networks: []'),
      lines: ['6:13: spec.networks: must have at least 1 item, found a list'],
    },
    {
      reason: 'the booleans of YAML 1.1',
      text: node('hostsEntry: no'),
      lines: ['7:15: spec.hostsEntry: expected true or false, found "no" (write false)'],
    },
    {
      reason: 'a word for a list',
      text: node('dnsAliases: api'),
      lines: ['7:15: spec.dnsAliases: expected a list, found "api" (write it as a list: ["api"])'],
    },
    {
      reason: 'a field without a value',
      text: node('ssh:'),
      lines: ['7:7: spec.ssh: expected a mapping, found nothing (give it a value or leave the field out)'],
    },
    {
      reason: 'a choice that is none',
      text: node('power: running'),
      lines: ['7:10: spec.power: must be one of Running, Stopped, found "running" (did you mean Running?)'],
    },
    {
      reason: 'a pattern says what it wants',
      text: node('networks: [{network: k8s-net, mac: 5e-xx}]'),
      lines: [
        '6:38: spec.networks[0].mac: must be a unicast MAC address such as 52:54:00:5e:53:fb, found "5e-xx"',
      ],
    },
    {
      reason: 'a label that is no string',
      text: node().replace('{name: a}', '{name: a, labels: {example.com/rack: 7}}'),
      lines: [
        '3:48: metadata.labels["example.com/rack"]: expected a string, found the number 7 (write it in quotes: "7")',
      ],
    },
    {
      reason: 'a label whose key is none',
      text: node().replace('{name: a}', '{name: a, labels: {"a b": c}}'),
      lines: [
        '3:30: metadata.labels["a b"]: a label is named by letters, digits, "-", "_" and ".", at most 63, such as zone or example.com/zone',
      ],
    },
    {
      reason: 'a key that is there twice',
      text: node('cpus: 1', 'cpus: 2'),
      lines: ['8:3: spec.cpus: the key is there twice, first in line 7'],
    },
    {
      reason: 'a tab as indentation',
      text: 'kind: Node\nspec:\n\tcpus: 1',
      lines: ['3:1: cannot read the YAML: Tabs are not allowed as indentation (indent with spaces)'],
    },
    {
      reason: 'a command with a colon',
      text: 'kind: Node\ncommands: echo a: b',
      lines: [
        '2:11: cannot read the YAML: Nested mappings are not allowed in compact mappings (write a value that contains ": " in quotes)',
      ],
    },
    {
      reason: 'U15: fields beside the mapping they belong into are one slip',
      text: 'apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: a}\nspec:\ndisk: {image: x}\nnetworks: []\ncpus: 2\n',
      lines: [
        '4:6: spec: it is empty, since its fields stand beside it and not below it: disk, networks, cpus (indent them further than spec)',
      ],
    },
    {
      reason: 'U15: a field that nothing below the empty mapping has is an error of its own',
      text: 'apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: a}\nspec:\ncpus: 2\nlabels: {a: b}\n',
      lines: [
        '4:6: spec: it is empty, since its fields stand beside it and not below it: cpus (indent them further than spec)',
        '6:1: labels: unknown field "labels" ("labels" belongs at metadata.labels)',
      ],
    },
    {
      reason: 'U15: a line that is indented too far is one slip',
      text: 'kind: Node\nspec:\n  cpus: 2\n    memory: 1Gi\n  role: worker\n',
      lines: [
        '3:9: cannot read the YAML: Implicit keys need to be on a single line (is the line below indented further than this one?)',
      ],
    },
    {
      reason:
        'U15: and so is one that is not indented far enough, while another slip further down is told too',
      text: 'kind: Node\nspec:\n  disk:\n    image: x\n   cpus: 2\n  role: worker\n  memory: a: b\n',
      lines: [
        '5:1: cannot read the YAML: All mapping items must start at the same column (indent it as its neighbours are)',
        '7:11: cannot read the YAML: Nested mappings are not allowed in compact mappings (write a value that contains ": " in quotes)',
      ],
    },
    {
      reason: 'an alias of nothing',
      text: node('role: *x'),
      lines: ['7:9: spec.role: the alias *x stands for nothing above it'],
    },
    {
      reason: 'an alias of what it is part of',
      text: node('dnsAliases: &a [*a]'),
      lines: ['7:19: spec.dnsAliases[0]: the alias *a is part of what it stands for'],
    },
    {
      reason: 'a tag for what is not plain data',
      text: node('role: !!binary aGk='),
      lines: ['7:9: cannot read the YAML: Unresolved tag: tag:yaml.org,2002:binary'],
    },
    {
      reason: 'an unknown tag',
      text: node('role: !vault x'),
      lines: ['7:9: cannot read the YAML: Unresolved tag: !vault'],
    },
    {
      reason: "a key of JavaScript's own",
      text: node('__proto__: {}', 'constructor: 1'),
      lines: ['7:3: spec.__proto__: this key is not allowed', expectedConstructor()],
    },
    {
      reason: 'a key that the terminal would obey is made harmless',
      text: node('disk: {image: a, "\\e[2J": 1}'),
      lines: [
        '5:20: spec.disk["\\u001b[2J"]: unknown field "?[2J" (known here: size, image, cloneOf, path, format)',
      ],
    },
    {
      reason: 'what the terminal would obey is made harmless',
      text: node('power: "\\e[2Jx\\ny"'),
      lines: ['7:10: spec.power: must be one of Running, Stopped, found "\\u001b[2Jx\\ny"'],
    },
  ];
  for (const { reason, text, lines } of cases) {
    it(`names its place and what to write: ${reason}`, () => {
      assert.deepEqual(errorLines(text), lines);
    });
  }
});

function expectedConstructor(): string {
  const known =
    'role, cpus, memory, disk, networks, dnsAliases, hostsEntry, ssh, cloudInit, podCIDR, power, domainType, vmhost, vmhostSelector, policy';
  return `8:3: spec.constructor: unknown field "constructor" (known here: ${known})`;
}
