DROP TABLE "order";
DROP TABLE customers;
