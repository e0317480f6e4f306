// Copies text.

/** Copies a text. Returns whether the text was copied. */
export async function copyText(text: string): Promise<boolean> {
    try {
        // Browsers have no clipboard on sites without `https`.
        if (navigator.clipboard) {
            await navigator.clipboard.writeText(text);
            return true;
        }
    } catch {
        // The browser does not allow it. The other way may still work.
    }
    return copyFromField(text);
}

/** Copies a text from a field that is on the page for a moment. */
function copyFromField(text: string): boolean {
    const focused = document.activeElement;
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    field.style.opacity = '0';
    document.body.append(field);
    field.focus();
    field.select();
    try {
        return document.execCommand('copy');
    } catch {
        return false;
    } finally {
        field.remove();
        if (focused instanceof HTMLElement) {
            focused.focus();
        }
    }
}
