import type { Scenario, Step } from './conformance.ts';

const UUID = '6f1c0d5e-0000-4000-8000-0000000000a1';
const OTHER_UUID = '6f1c0d5e-0000-4000-8000-0000000000b2';

interface Parts {
  readonly name?: string;
  /** Empty: none is given. */
  readonly uuid?: string;
  readonly bridge?: string;
  readonly net?: string;
  readonly dhcp?: string;
  readonly more?: string;
}

function network(parts: Parts = {}): string {
  const { name = 'cf-a', uuid = name === 'cf-a' ? UUID : '', bridge = 'cfbr-a', net = '10.9.1' } = parts;
  const identity = uuid === '' ? '' : `<uuid>${uuid}</uuid>`;
  const dhcp = parts.dhcp === undefined ? '' : `<dhcp>${parts.dhcp}</dhcp>`;
  return `<network><name>${name}</name>${identity}<bridge name='${bridge}'/><ip address='${net}.1' netmask='255.255.255.0'>${dhcp}</ip>${parts.more ?? ''}</network>`;
}

function define(parts: Parts = {}, refused?: true, why?: string): Step {
  return {
    virsh: 'net-define XML',
    xml: network(parts),
    ...(refused === undefined ? {} : { refused }),
    ...(why === undefined ? {} : { why }),
  };
}

type Extra = Omit<Step, 'virsh' | 'xml'> & { readonly flags?: string; readonly parent?: number };

function update(words: string, xml: string, { flags = '--live', parent, ...extra }: Extra = {}): Step {
  const index = parent === undefined ? '' : ` --parent-index ${parent}`;
  return { virsh: `net-update cf-a ${words} XML${index} ${flags}`, xml, ...extra };
}

const START = { virsh: 'net-start cf-a' };
function live(shows: readonly string[], hides: readonly string[] = []): Step {
  return {
    virsh: 'net-dumpxml cf-a',
    shows,
    hides,
  };
}
function config(shows: readonly string[], hides: readonly string[] = []): Step {
  return {
    virsh: 'net-dumpxml cf-a --inactive',
    shows,
    hides,
  };
}
function info(active: 'yes' | 'no', persistent: 'yes' | 'no'): Step {
  return {
    virsh: 'net-info cf-a',
    shows: [`Active: ${active}`, `Persistent: ${persistent}`],
  };
}

const ONE = "<host mac='52:54:00:00:00:01' name='one' ip='10.9.1.11'/>";
const TWO = "<host mac='52:54:00:00:00:02' name='two' ip='10.9.1.22'/>";
const RANGE = "<range start='10.9.1.8' end='10.9.1.90'/>";
const HOST = 'ip-dhcp-host';
const REFUSED = { refused: true } as const;

const reservations: Scenario = {
  title: 'T3, F3: net-update of reservations',
  steps: [
    define({ dhcp: RANGE + ONE }),
    START,
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:01' name='two' ip='10.9.1.12'/>", REFUSED),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:02' name='one' ip='10.9.1.12'/>", REFUSED),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:02' name='two' ip='10.9.1.11'/>", REFUSED),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:02' name='two' ip='fd00::1'/>", REFUSED),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:02' name='two'/>", REFUSED),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:02' name='two' ip='10.9.2.11'/>", {
      why: 'an address outside of the network is taken',
    }),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:04' ip='10.9.1.14'/>"),
    update(`modify ${HOST}`, "<host mac='52:54:00:00:00:01' name='uno' ip='10.9.1.21'/>"),
    update(`modify ${HOST}`, "<host mac='52:54:00:00:00:99' name='x' ip='10.9.1.29'/>", REFUSED),
    update(`modify ${HOST}`, "<host mac='52:54:00:00:00:09' name='two' ip='10.9.1.19'/>", {
      why: 'one that shares the name alone is the one that is changed',
    }),
    update(`delete ${HOST}`, "<host mac='52:54:00:00:00:04' ip='10.9.1.15'/>", REFUSED),
    update(`delete ${HOST}`, "<host mac='52:54:00:00:00:04'/>"),
    update(`delete ${HOST}`, "<host mac='52:54:00:00:00:77' ip='10.9.1.77'/>", REFUSED),
    update(`add-first ${HOST}`, "<host mac='52:54:00:00:00:07' name='seven' ip='10.9.1.17'/>", {
      flags: '--live --config',
    }),
    update(`add ${HOST}`, "<host mac='52:54:00:00:00:08' ip='10.9.1.18'/>", { parent: 3, refused: true }),
    live(
      [
        "<host mac='52:54:00:00:00:07' name='seven' ip='10.9.1.17'/><host mac='52:54:00:00:00:01' name='uno' ip='10.9.1.21'/><host mac='52:54:00:00:00:09' name='two' ip='10.9.1.19'/></dhcp>",
      ],
      ['00:00:04'],
    ),
  ],
};

const V6 =
  "<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><range start='fd00::8' end='fd00::9'/></dhcp></ip>";
const families: Scenario = {
  title: 'E18: a network of two families',
  steps: [
    { virsh: 'net-define XML', xml: network({ dhcp: RANGE }).replace('<ip ', `${V6}<ip `) },
    START,
    update(`add ${HOST}`, ONE, { refused: true, why: 'the first <ip> that serves DHCP is the other one' }),
    update(`add ${HOST}`, ONE, { parent: 1 }),
    live([`${RANGE}${ONE}`]),
  ],
};

function dns(ip: string, ...names: string[]): string {
  return `<host ip='${ip}'>${names.map((name) => `<hostname>${name}</hostname>`).join('')}</host>`;
}

const names: Scenario = {
  title: 'T2: net-update of DNS hosts',
  notByTestDriver: true,
  steps: [
    define({ more: `<dns>${dns('10.9.1.5', 'five', 'cinq')}</dns>` }),
    START,
    update('add dns-host', dns('10.9.1.5', 'six'), REFUSED),
    update('add dns-host', dns('10.9.1.6', 'cinq'), { why: 'a name may have many addresses' }),
    update('add dns-host', dns('fd00::5', 'five')),
    update('add dns-host', "<host ip='10.9.1.66'/>", REFUSED),
    update('add dns-host', '<host><hostname>x</hostname></host>', REFUSED),
    update('delete dns-host', dns('10.9.1.5', 'five'), {
      refused: true,
      why: 'whatever shares the address or a name matches: two do',
    }),
    update('delete dns-host', "<host ip='10.9.1.6'/>"),
    update('delete dns-host', dns('10.9.1.99', 'nobody'), REFUSED),
    update('delete dns-host', dns('10.9.1.99', 'cinq'), { why: 'the name alone is enough' }),
    live([dns('fd00::5', 'five')], ['cinq', '10.9.1.6']),
    config([dns('10.9.1.5', 'five', 'cinq')]),
  ],
};

const sections: Scenario = {
  title: 'T4, F1: what net-update can change at all',
  steps: [
    define({ dhcp: RANGE }),
    START,
    update('add bridge', "<bridge name='virbr12'/>", REFUSED),
    update('add domain', "<domain name='x'/>", REFUSED),
    update('add ip', "<ip address='10.8.1.1' prefix='24'/>", REFUSED),
    update('add forward', "<forward mode='nat'/>", REFUSED),
    update('add ip-dhcp-range', "<range start='10.9.1.100' end='10.9.1.110'/>"),
    update('add ip-dhcp-range', "<range start='10.9.1.100' end='10.9.1.110'/>", REFUSED),
    update('add ip-dhcp-range', "<range start='10.9.3.100' end='10.9.3.110'/>", REFUSED),
    update('modify ip-dhcp-range', "<range start='10.9.1.100' end='10.9.1.120'/>", REFUSED),
    update('delete ip-dhcp-range', "<range start='10.9.1.100' end='10.9.1.111'/>", REFUSED),
    update('delete ip-dhcp-range', "<range start='10.9.1.100' end='10.9.1.110'/>"),
    update('add portgroup', "<portgroup name='p'/>"),
    update('add dns-txt', "<txt name='t' value='v'/>"),
    update('add dns-txt', "<txt name='t' value='w'/>", REFUSED),
    update('delete dns-txt', "<txt name='t'/>"),
    live([RANGE, 'portgroup name="p"'], ['10.9.1.100', '<txt']),
  ],
};

const sides: Scenario = {
  title: 'F2: the running side and the definition are two',
  notByTestDriver: true,
  steps: [
    define({ dhcp: RANGE }),
    update(`add ${HOST}`, ONE, { refused: true, why: 'it is not active' }),
    update(`add ${HOST}`, ONE, { flags: '--current' }),
    config([ONE]),
    START,
    update(`delete ${HOST}`, ONE, { flags: '--current' }),
    live([], [ONE]),
    config([ONE]),
    update(`add-first ${HOST}`, TWO, { flags: '--live --config' }),
    live(["ip='10.9.1.22'/></dhcp>"]),
    config([`ip='10.9.1.22'/>${ONE}</dhcp>`]),
    define({ dhcp: RANGE, bridge: 'cfbr-b' }),
    live(['cfbr-a']),
    config(['cfbr-b'], ['cfbr-a']),
    { virsh: 'net-destroy cf-a' },
    START,
    live(['cfbr-b']),
  ],
};

const identities: Scenario = {
  title: 'a definition that clashes with another network',
  notByTestDriver: true,
  steps: [
    define(),
    START,
    define({ uuid: '' }, true, 'a redefinition has to name the UUID'),
    define({ uuid: OTHER_UUID }, true),
    define({ name: 'cf-b', uuid: UUID, bridge: 'cfbr-b' }, true),
    define({ name: 'cf-b', bridge: 'cfbr-a' }, true, 'its bridge'),
    define({ name: 'cf-b', bridge: 'cfbr-b' }, undefined, 'the same addresses clash at the start only'),
    { virsh: 'net-start cf-b', refused: true },
    { virsh: 'net-destroy cf-a' },
    { virsh: 'net-start cf-b' },
    { virsh: 'net-start cf-a', refused: true },
    { virsh: 'net-start cf-b', refused: true, why: 'it is active' },
    { virsh: 'net-destroy cf-a', refused: true, why: 'it is not' },
    { virsh: 'net-start cf-c', refused: true, why: 'there is none' },
  ],
};

const definitions: Scenario = {
  title: 'what a definition may say',
  notByTestDriver: true,
  steps: [
    define({ dhcp: "<range start='10.9.9.8' end='10.9.9.9'/>" }, true, 'outside'),
    define({ dhcp: "<range start='10.9.1.18' end='10.9.1.9'/>" }, true, 'reversed'),
    define({ dhcp: "<host mac='52:54:00:00:00:01' name='x'/>" }, true, 'no address'),
    define({ dhcp: "<host ip='10.9.1.5'/>" }, true, 'neither MAC nor name'),
    define({ dhcp: "<host mac='53:54:00:00:00:01' ip='10.9.1.5'/>" }, true, 'multicast'),
    define({ more: "<mac address='53:54:00:00:00:01'/>" }, true, 'multicast'),
    define({ more: "<forward mode='nosuch'/>" }, true),
    define({ more: "<forward mode='open' dev='eth0'/>" }, true),
    define({ more: "<forward mode='route'><nat><port start='1' end='2'/></nat></forward>" }, true),
    define(
      {
        dhcp: RANGE,
        more: "<ip address='10.9.2.1' prefix='24'><dhcp><range start='10.9.2.8' end='10.9.2.9'/></dhcp></ip>",
      },
      true,
      'DHCP of one IPv4 block only',
    ),
    define({
      more: "<ip address='10.9.2.1' prefix='24'><dhcp><range start='10.9.2.8' end='10.9.2.9'/></dhcp></ip>",
    }),
    define({ dhcp: ONE + ONE.replace('one', 'two') }, undefined, 'twice the same MAC and address are taken'),
    define({ dhcp: ONE.replace('10.9.1.', '10.99.1.') }, undefined, 'so is an address from elsewhere'),
    define({ more: `<dns>${dns('10.9.1.5', 'x')}${dns('10.9.1.5', 'y')}</dns>` }),
    define({ more: '<nosuch/>' }, undefined, 'what it does not know it drops'),
    config(["stp='on' delay='0'", '<mac address='], ['nosuch', '<dhcp']),
    { virsh: 'net-define XML', xml: '<domain/>', refused: true },
  ],
};

const transience: Scenario = {
  title: 'R17: a network without a definition',
  notByTestDriver: true,
  steps: [
    define({ dhcp: RANGE }),
    START,
    { virsh: 'net-autostart cf-a' },
    { virsh: 'net-info cf-a', shows: ['Autostart: yes'] },
    { virsh: 'net-undefine cf-a' },
    info('yes', 'no'),
    { virsh: 'net-info cf-a', shows: ['Autostart: no'] },
    config([RANGE]),
    update(`add ${HOST}`, ONE, { flags: '--live --config', refused: true }),
    update(`add ${HOST}`, ONE),
    { virsh: 'net-autostart cf-a', refused: true },
    { virsh: 'net-undefine cf-a', refused: true },
    define({ dhcp: RANGE }),
    info('yes', 'yes'),
    live([ONE]),
    config([RANGE], [ONE]),
    { virsh: 'net-undefine cf-a' },
    { virsh: 'net-destroy cf-a' },
    { virsh: 'net-info cf-a', refused: true },
    { virsh: 'net-create XML', xml: network() },
    info('yes', 'no'),
    { virsh: 'net-destroy cf-a' },
    { virsh: 'net-info cf-a', refused: true },
  ],
};

export const NETWORK_SCENARIOS: readonly Scenario[] = [
  reservations,
  families,
  names,
  sections,
  sides,
  identities,
  definitions,
  transience,
];
