import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from '../../src/api/kinds/list.ts';
import { renderTable } from '../../src/api/kinds/table.ts';
import { readListing, type Listing } from '../../src/cli/listing.ts';
import { alignColumns, printTable as print, type TableOptions } from '../../src/cli/print-table.ts';
import { createLab } from '../controllers/bed.ts';

async function nodes(...names: string[]): Promise<Listing> {
  const { store, clock } = await createLab(...names);
  return readListing(renderTable(KINDS.get('Node'), store.list('Node'), clock.now()));
}

function printTable({ columns = [], items }: Listing, options: TableOptions): string {
  return print(columns, items, options);
}

describe('a printed table', () => {
  it('has a header in capitals and its columns aligned, three spaces between them', async () => {
    const text = printTable(await nodes('a', 'loadbalancer'), { wide: false, headers: true });

    assert.equal(
      text.replaceAll(/\d+s$/gm, '0s'),
      [
        'NAME           ROLE     ADDRESS         READY   STATUS   AGE',
        'a              <none>   192.168.111.2   True    Ready    0s',
        'loadbalancer   <none>   192.168.111.3   True    Ready    0s',
        '',
      ].join('\n'),
    );
  });

  it('has more columns when it may be wide, and no header when none is wanted', async () => {
    const table = await nodes('a');
    const [header = ''] = printTable(table, { wide: true, headers: true }).split('\n');

    for (const column of ['MAC', 'CPUS', 'MEMORY', 'POD-CIDR', 'MESSAGE'])
      assert.match(header, new RegExp(`\\b${column}\\b`));
    assert.match(printTable(table, { wide: false, headers: false }), /^a {3}<none>/);
  });

  it('has no spaces behind its last column, and is empty without rows', () => {
    assert.equal(alignColumns([]), '');
    assert.equal(
      alignColumns([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
      'a     bb\nccc   d\n',
    );
  });
});
