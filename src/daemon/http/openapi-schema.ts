import type { JsonSchema } from '../../api/kinds/json-schema.ts';

/** By which kubectl finds what a schema or a path is of. */
export const GVK = 'x-kubernetes-group-version-kind';

/** A schema as both OpenAPI 2 and OpenAPI 3.0 have it. */
export interface OpenApiSchema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: OpenApiSchema;
  readonly items?: OpenApiSchema;
  readonly enum?: readonly string[];
  readonly readOnly?: true;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A document of OpenAPI 2, as far as kubectl reads it. */
export interface Swagger {
  readonly info: { readonly title: string; readonly version: string };
  readonly definitions: Readonly<Record<string, OpenApiSchema>>;
}

/** What JSON Schema has and OpenAPI has not is left out. */
export function toOpenApi(schema: JsonSchema): OpenApiSchema {
  const { description, type, required, items, additionalProperties: values, properties, readOnly } = schema;
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  return {
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...(required === undefined || required.length === 0 ? {} : { required }),
    ...(choices === undefined ? {} : { enum: choices }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(items === undefined ? {} : { items: toOpenApi(items) }),
    ...(typeof values === 'object' ? { additionalProperties: toOpenApi(values) } : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, child]) => [name, toOpenApi(child)]),
          ),
        }),
  };
}
