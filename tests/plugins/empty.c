// A shared object that is no plugin: it does not export tuff_plugin.
extern const int nothing_of_interest;
const int nothing_of_interest = 0;
