import { z } from 'zod';
import type { JsonSchema } from '../json-schema.ts';
import { celPattern, celString, type CelRule } from '../rules.ts';

/** A schema as a CustomResourceDefinition has it. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-validations'?: readonly Validation[];
}

export interface Validation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

export interface StructuralOptions {
  readonly rules?: readonly CelRule[];
  /** Paths of fields that the server shall leave out where a manifest does. */
  readonly undefaulted?: readonly string[];
}

/** The schema of what a user writes, with the rules between its fields; `path` is its place in the object. */
export function structuralInput(
  schema: z.ZodType,
  path: string,
  options: StructuralOptions,
): StructuralSchema {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    override({ zodSchema, jsonSchema, path: place }) {
      // A pattern has no message; the keys and values of a mapping cost too much as rules.
      if (jsonSchema.pattern === undefined || place.includes('additionalProperties')) return;
      const message = patternMessage(zodSchema);
      if (message === undefined) return;
      const rule = `self.matches(${celString(celPattern(jsonSchema.pattern))})`;
      delete jsonSchema.pattern;
      jsonSchema[VALIDATIONS] = [{ rule, message }];
    },
  });
  return structural(json as JsonSchema, path, options);
}

const VALIDATIONS = 'x-kubernetes-validations';

/** What the zod schema says to whoever writes something else. */
function patternMessage(schema: z.core.$ZodType): string | undefined {
  for (const check of schema._zod.def.checks ?? []) {
    const { def } = check._zod;
    if (def.check !== 'string_format') continue;
    const error = def.error as ((issue: unknown) => unknown) | undefined;
    const message = error?.({ code: 'invalid_format', format: 'regex', input: undefined });
    if (typeof message === 'string') return message;
  }
  return undefined;
}

const COPIED = [
  ...['type', 'required', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'],
  ...['x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
];

export function structural(
  schema: JsonSchema,
  path: string,
  options: StructuralOptions = {},
): StructuralSchema {
  const { properties, items, additionalProperties: values, pattern } = schema;
  const validations = validationsAt(schema, path, options);
  const defaulted = schema.default !== undefined && !isLeftOut(path, options);
  return {
    ...described(schema, defaulted),
    ...Object.fromEntries(Object.entries(schema).filter(([key, value]) => isCopied(key, value))),
    ...(schema.const === undefined ? {} : { enum: [schema.const] }),
    ...(pattern === undefined ? {} : { pattern: celPattern(pattern) }),
    ...(defaulted ? { default: schema.default } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => [
              name,
              structural(child, `${path}.${name}`, options),
            ]),
          ),
        }),
    ...(items === undefined ? {} : { items: structural(items, `${path}[]`, options) }),
    ...(typeof values === 'object' ? valuesOf(values, `${path}{}`, options) : {}),
    ...(validations.length === 0 ? {} : { [VALIDATIONS]: validations }),
  };
}

/** Client-side apply would find each list anew that the server has added something to. */
function isLeftOut(path: string, { undefaulted = [] }: StructuralOptions): boolean {
  return path.includes('[]') || undefaulted.includes(path);
}

/** JSON has no whole numbers beyond these, so that they are no limit to tell. */
function isCopied(key: string, value: unknown): boolean {
  return COPIED.includes(key) && Math.abs(Number(value)) !== Number.MAX_SAFE_INTEGER;
}

function valuesOf(values: JsonSchema, path: string, options: StructuralOptions): Partial<StructuralSchema> {
  if (Object.keys(values).length === 0) return { 'x-kubernetes-preserve-unknown-fields': true };
  return { additionalProperties: structural(values, path, options) };
}

function validationsAt(
  schema: JsonSchema & { readonly [VALIDATIONS]?: readonly Validation[] },
  path: string,
  { rules = [] }: StructuralOptions,
): readonly Validation[] {
  const between = rules.filter(({ at }) => at === path).map(({ at: _, ...validation }) => validation);
  return [...(schema[VALIDATIONS] ?? []), ...between];
}

function described(
  { description, examples, default: standard, items }: JsonSchema,
  defaulted: boolean,
): Partial<StructuralSchema> {
  if (description === undefined) return {};
  const such = (examples ?? items?.examples)?.map(plain).join(', ');
  const left = standard === undefined || defaulted ? '' : ` ${plain(standard)} when left out.`;
  return { description: `${description}${left}${such === undefined ? '' : ` Such as ${such}.`}` };
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
