import React from 'react';

interface Props {
    /** The text to show if the children throw. */
    message: string;
    children: React.ReactNode;
}

/**
 * Draws the children, or only the message if they throw, so that one bad post does not break the channel. React has
 * no hook for this.
 */
export class Safely extends React.Component<Props, {failed: boolean}> {
    override state = {failed: false};

    static getDerivedStateFromError() {
        return {failed: true};
    }

    override render() {
        return this.state.failed ? <p>{this.props.message}</p> : this.props.children;
    }
}
