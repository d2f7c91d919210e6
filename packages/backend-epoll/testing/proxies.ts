/** An object as it is, and the names of those of its methods that were called, in order, at the end of `calls`. */
export function counting<Target extends object>(target: Target, calls: string[]): Target {
  return new Proxy(target, {
    get(_target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...details: unknown[]) => {
        calls.push(String(key));
        return Reflect.apply(value, target, details) as unknown;
      };
    },
  });
}

/** An object as it is, but for one method, which is `method` now: it gets the object and what it was called with. */
export function bent<Target extends object, Name extends keyof Target, Details extends unknown[], Result>(
  target: Target & Readonly<Record<Name, (...details: Details) => Result>>,
  name: Name,
  method: (target: Target, details: Details) => Result,
): Target {
  return new Proxy(target, {
    get(_target, key) {
      if (key === name) return (...details: Details) => method(target, details);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
