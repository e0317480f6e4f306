import React from 'react';

/** A camera. It says nothing that the words beside it do not. */
export function CameraIcon() {
    return (
        <svg className="zoom-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M1 5.2C1 4 2 3 3.2 3h5.6C10 3 11 4 11 5.2v5.6C11 12 10 13 8.8 13H3.2C2 13 1 12 1 10.8V5.2zm11 1.5 2.4-1.8c.3-.2.6 0 .6.3v5.6c0 .3-.3.5-.6.3L12 9.3V6.7z" />
        </svg>
    );
}

/** Sparkles, as Mattermost's AI features have them. */
export function SparklesIcon() {
    return (
        <svg className="zoom-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M6 2.5 7.4 6.6 11.5 8 7.4 9.4 6 13.5 4.6 9.4.5 8l4.1-1.4zM12.5 1l.7 1.8 1.8.7-1.8.7-.7 1.8-.7-1.8-1.8-.7 1.8-.7zM12.5 10.5l.6 1.4 1.4.6-1.4.6-.6 1.4-.6-1.4-1.4-.6 1.4-.6z" />
        </svg>
    );
}

/** A circle that turns while something is under way. */
export function Spinner() {
    return <span className="zoom-spinner" aria-hidden="true" />;
}
