drop table deals, handoffs;
