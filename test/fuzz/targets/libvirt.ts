import assert from 'node:assert/strict';
import { parseCapabilities, parseDomain, type DomainDocument } from '../../../src/api/libvirt/domain.ts';
import { parseNetwork, type NetworkDocument } from '../../../src/api/libvirt/network.ts';
import { parseXml, renderXml } from '../../../src/api/xml.ts';
import { failureIn } from '../../../src/drivers/virsh/errors.ts';
import { parseEvent } from '../../../src/drivers/virsh/events.ts';
import { frame } from '../../../src/drivers/virsh/frame.ts';
import {
  linesIn,
  parseDomainInfo,
  parseDomains,
  parseJob,
  parseNetworkInfo,
  parseVersion,
} from '../../../src/drivers/virsh/listing.ts';
import { samplesIn } from '../corpus.ts';
import { reading, type Target } from '../target.ts';

const WORDS = [
  ...[
    '<',
    '>',
    '/>',
    '</',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<?xml version="1.0"?>',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '&b;',
    '&amp;',
  ],
  ...[
    '&lt;',
    '&#0;',
    '&#x1F600;',
    '&#99999999;',
    '&nbsp;',
    'xmlns:a="b"',
    '<a/>',
    '<#text/>',
    '<#comment/>',
    '<name>',
    '<metadata>',
  ],
  ...[
    '<ip family="ipv6"/>',
    '<dhcp/>',
    '<k8slab:object xmlns:k8slab="https://k8slab.io/libvirt/1"/>',
    ' a="b"',
    " a='b'",
  ],
];

function fixtures(kind: string): () => readonly Buffer[] {
  return () => samplesIn('test/api/libvirt/fixtures', '.xml').filter((xml) => xml.includes(`<${kind}`));
}

/** What k8slab does not know of a document stays in it, however often it is written anew. */
function comesBack({ root }: NetworkDocument | DomainDocument): void {
  const written = renderXml(root);
  assert.equal(renderXml(parseXml(written)), written);
}

export const networkXml: Target = {
  name: 'network-xml',
  samples: fixtures('network'),
  words: WORDS,
  maxBytes: 32 * 1024,
  share: 100,
  open: reading((text) => comesBack(parseNetwork(text))),
};

export const domainXml: Target = {
  name: 'domain-xml',
  samples: fixtures('domain'),
  words: WORDS,
  maxBytes: 32 * 1024,
  share: 100,
  open: reading((text) => comesBack(parseDomain(text))),
};

export const capabilitiesXml: Target = {
  name: 'capabilities-xml',
  samples: fixtures('capabilities'),
  words: WORDS,
  maxBytes: 32 * 1024,
  share: 20,
  open: reading(parseCapabilities),
};

/** Between what one command prints and what the next one does. */
const NEXT = '=====\n';

export const virshLists: Target = {
  name: 'virsh',
  words: [
    NEXT,
    "Domain: '",
    "'\n",
    '  state.state=',
    '  state.reason=',
    "event 'lifecycle' for domain '",
    'error: ',
    'Name:           ',
  ],
  // Ten readers have each input, in one step.
  maxBytes: 16 * 1024,
  share: 150,
  open: reading((text) => {
    const [list = '', stats = '', ...flags] = text.split(NEXT);
    parseDomains(list, stats, { transient: flags[0] ?? '', autostart: flags[1] ?? '' });
    for (const read of [linesIn, parseDomainInfo, parseNetworkInfo, parseVersion, parseJob]) read(text);
    for (const line of text.split('\n')) parseEvent(line);
    const { output, messages } = frame(['list'], 'k1');
    const error = failureIn(messages(Buffer.from(text)), ['net-define', '/tmp/a.xml']);
    output(Buffer.from(text));
    if (error !== undefined) throw error;
  }),
};
