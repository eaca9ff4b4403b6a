import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { served } from '../../../src/api/ownership/served.ts';
import type { ApiObject } from '../../../src/api/meta.ts';
import { good, manifest } from '../manifest/samples.ts';

/** The object that the store makes of a manifest. */
function stored(text: string): ApiObject {
  const [{ kind, name, spec, origin } = assert.fail('no object')] = good('f', text);
  return {
    apiVersion: 'k8slab.io/v1alpha1',
    kind,
    metadata: { name, uid: 'u', generation: 3, resourceVersion: '9', creationTimestamp: 't' },
    spec,
    status: { conditions: [] },
    ...(origin === undefined ? {} : { origin }),
  };
}

describe('an object as the API shows it', () => {
  it('R1: has its defaults filled in, and no origin', () => {
    const object = stored(manifest('Network', 'n', { cidr: '10.0.0.0/24' }));

    const shown = served({ ...object, origin: { orphan: true } });

    assert.deepEqual(Object.keys(shown), ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    assert.deepEqual(shown.spec, object.spec);
  });

  it('R1: has only what its manifest names when it is adopted', () => {
    const spec = { cidr: '10.0.0.0/24', bridge: { stp: false }, policy: { adopt: true } };

    assert.deepEqual(served(stored(manifest('Network', 'n', spec))).spec, spec);
  });
});
