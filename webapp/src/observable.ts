import React from 'react';

/** A value that components can subscribe to. */
export class Observable<T> {
    private readonly listeners = new Set<() => void>();

    constructor(private current: T) {}

    get value(): T {
        return this.current;
    }

    set(value: T): void {
        if (value !== this.current) {
            this.current = value;
            this.listeners.forEach((listener) => listener());
        }
    }

    subscribe(listener: () => void): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
}

/** The current value of an observable. React 17 has no `useSyncExternalStore`. */
export function useObservable<T>(observable: Observable<T>): T {
    const [value, setValue] = React.useState(observable.value);
    React.useEffect(() => {
        const update = () => setValue(() => observable.value);
        update();
        return observable.subscribe(update);
    }, [observable]);
    return value;
}
