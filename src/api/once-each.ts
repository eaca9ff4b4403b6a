/** Makes something of each object once, for as long as that object is in use. The objects do not change: another state is another object. */
export function onceEach<K extends object, T extends object | string>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, T>();
  return (of) => {
    const found = made.get(of) ?? make(of);
    made.set(of, found);
    return found;
  };
}
