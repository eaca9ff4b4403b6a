import type { OpenApiSchema, Swagger } from './openapi-schema.ts';
import { flag, message, text } from './protobuf.ts';

/** openapi.v2.Document of gnostic, which kubectl before 1.24 asks for and nothing else; the numbers are those of its fields. */
export function encodeDocument({ info, definitions }: Swagger): Buffer {
  return Buffer.concat([
    text(1, '2.0'),
    message(2, text(1, info.title), text(2, info.version)),
    message(8),
    message(9, ...Object.entries(definitions).map(named)),
  ]);
}

/** NamedSchema, one of the additional_properties of Definitions or Properties. */
function named([name, schema]: [string, OpenApiSchema]): Buffer {
  return message(1, text(1, name), message(2, encodeSchema(schema)));
}

function encodeSchema(schema: OpenApiSchema): Buffer {
  const { description, required = [], additionalProperties, type, items, properties, readOnly } = schema;
  const extension = schema['x-kubernetes-group-version-kind'];
  return Buffer.concat([
    text(4, description),
    ...required.map((field) => text(19, field)),
    ...(additionalProperties === undefined
      ? []
      : [message(21, message(1, encodeSchema(additionalProperties)))]),
    ...(type === undefined ? [] : [message(22, text(1, type))]),
    ...(items === undefined ? [] : [message(23, message(1, encodeSchema(items)))]),
    ...(properties === undefined ? [] : [message(25, ...Object.entries(properties).map(named))]),
    flag(27, readOnly),
    // NamedAny; JSON is YAML.
    ...(extension === undefined
      ? []
      : [
          message(
            31,
            text(1, 'x-kubernetes-group-version-kind'),
            message(2, text(2, JSON.stringify(extension))),
          ),
        ]),
  ]);
}
