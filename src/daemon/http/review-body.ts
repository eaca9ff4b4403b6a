import type { Context } from 'hono';
import { fieldsOf } from './protobuf.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const MAGIC = Buffer.from('k8s\0');

type Fields = ReadonlyMap<number, Buffer>;

/** The body of a review, in JSON or in Kubernetes' protobuf, which kubectl speaks since 1.31; undefined for what is neither. */
export async function readReview(c: Context, kind: string): Promise<unknown> {
  if (c.req.header('content-type')?.split(';')[0]?.trim() !== PROTOBUF)
    return c.req.json().catch(() => undefined) as Promise<unknown>;
  try {
    const body = Buffer.from(await c.req.arrayBuffer());
    if (!body.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    // runtime.Unknown: the object is in its second field, and has its spec there too.
    const object = message(fieldsOf(body.subarray(MAGIC.length)), 2);
    const spec = message(object, 2);
    return { spec: kind === 'SelfSubjectAccessReview' ? accessOf(spec) : { namespace: word(spec, 1) } };
  } catch {
    return undefined;
  }
}

function accessOf(spec: Fields): unknown {
  const [resource, path] = [message(spec, 1), message(spec, 2)];
  return {
    ...(spec.has(1)
      ? {
          resourceAttributes: {
            namespace: word(resource, 1),
            verb: word(resource, 2),
            group: word(resource, 3),
            version: word(resource, 4),
            resource: word(resource, 5),
            subresource: word(resource, 6),
            name: word(resource, 7),
          },
        }
      : {}),
    ...(spec.has(2) ? { nonResourceAttributes: { path: word(path, 1), verb: word(path, 2) } } : {}),
  };
}

function message(fields: Fields, number: number): Fields {
  return fieldsOf(fields.get(number) ?? Buffer.alloc(0));
}

function word(fields: Fields, number: number): string {
  return fields.get(number)?.toString() ?? '';
}
