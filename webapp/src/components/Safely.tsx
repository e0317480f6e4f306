import React from 'react';

interface Props {
    /** What is shown instead, as it is. */
    message: string;
    children: React.ReactNode;
}

/**
 * Draws what is in it, or, if that throws, the message alone. A post that cannot be drawn must not take
 * the channel down. React has no hook for this.
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
