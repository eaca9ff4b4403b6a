import { readFile } from 'node:fs/promises';
import { ReasonedError, toError } from '../api/errors.ts';
import type { AnyObject } from './listing.ts';
import type { Output, Template } from './outputs.ts';
import { alignColumns } from './print-table.ts';

type ObjectOutput = Exclude<Output, { readonly type: 'table' }>;

export interface ObjectPrinter {
  /** All that was found. `single`: exactly one object was asked for, by its name. */
  print(objects: readonly AnyObject[], single: boolean): string;
  /** One after the other, as they change. */
  next(object: AnyObject): string;
}

/** Prints objects in the form that `-o` says; a form loads what it alone needs. */
export function objectPrinter(
  output: ObjectOutput,
  headers: boolean,
): Promise<ObjectPrinter> | ObjectPrinter {
  switch (output.type) {
    case 'json':
      return { print: (objects, single) => json(wholeOf(objects, single)), next: json };
    case 'yaml':
      return yamlPrinter();
    case 'name':
      return { print: (objects) => objects.map(nameOf).join(''), next: nameOf };
    case 'jsonpath':
      return jsonpathPrinter(output);
    case 'custom-columns':
      return columnsPrinter(output, headers);
  }
}

/** As kubectl has it: one object that was named as it is, all else as a List. */
function wholeOf(objects: readonly AnyObject[], single: boolean): unknown {
  const [only] = objects;
  return single && only !== undefined
    ? only
    : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function nameOf({ kind = '', metadata }: AnyObject): string {
  return `${kind.toLowerCase()}/${metadata.name}\n`;
}

async function yamlPrinter(): Promise<ObjectPrinter> {
  const { printYaml } = await import('./print-yaml.ts');
  let first = true;
  return {
    print: (objects, single) => printYaml(wholeOf(objects, single)),
    next(object) {
      const text = `${first ? '' : '---\n'}${printYaml(object)}`;
      first = false;
      return text;
    },
  };
}

async function jsonpathPrinter(output: Extract<ObjectOutput, { type: 'jsonpath' }>): Promise<ObjectPrinter> {
  const { parseTemplate } = await import('./jsonpath/parse.ts');
  const { findValues, renderTemplate } = await import('./jsonpath/evaluate.ts');
  const parts = parseTemplate(await textOf(output));
  function render(root: unknown): string {
    if (output.asJson !== true) return renderTemplate(parts, root);
    const values = parts.flatMap((part) => (part.type === 'path' ? findValues(part.path, root) : []));
    return json(values);
  }
  return { print: (objects, single) => render(wholeOf(objects, single)), next: render };
}

async function columnsPrinter(
  output: Extract<ObjectOutput, { type: 'custom-columns' }>,
  headers: boolean,
): Promise<ObjectPrinter> {
  const { customCells, parseColumnsFile, parseCustomColumns } = await import('./custom-columns.ts');
  const text = await textOf(output);
  const columns = 'file' in output ? parseColumnsFile(text) : parseCustomColumns(text);
  const header = headers ? [columns.map((column) => column.header)] : [];
  let headed = false;
  return {
    print: (objects) => alignColumns([...header, ...objects.map((each) => customCells(columns, each))]),
    next(object) {
      const rows = [...(headed ? [] : header), customCells(columns, object)];
      headed = true;
      return alignColumns(rows);
    },
  };
}

async function textOf(output: Template): Promise<string> {
  if ('text' in output) return output.text;
  try {
    return await readFile(output.file, 'utf8');
  } catch (error) {
    const message = `cannot read template "${output.file}": ${toError(error).message}`;
    throw new ReasonedError('CannotRead', message, { cause: error });
  }
}
