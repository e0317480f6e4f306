import type * as Module from 'react-intl';

export const {FormattedMessage, IntlProvider, createIntl, useIntl} = (
    window as unknown as {ReactIntl: typeof Module}
).ReactIntl;
